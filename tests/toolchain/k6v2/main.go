// Command k6 is k6 with an extension of the tests' own, as xk6 would build it.
package main

import (
	"go.k6.io/k6/v2/cmd"
	"go.k6.io/k6/v2/js/modules"
)

type twice struct{}

// Of is what scripts call: import twice from 'k6/x/twice'; twice.of(2).
func (twice) Of(number int) int { return 2 * number }

func main() {
	modules.Register("k6/x/twice", twice{})
	cmd.Execute()
}
