// The server that benchmarks load: answers every HTTP request that has no body with the same bytes, so that nearly
// all of the machine is left to what is measured. Prints its port.
package main

import (
	"bytes"
	"fmt"
	"net"
)

var answer = []byte("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}")

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	for {
		connection, err := listener.Accept()
		if err != nil {
			panic(err)
		}
		go serve(connection)
	}
}

// A client sends its next request when it has the answer: a read ends where a request does.
func serve(connection net.Conn) {
	defer connection.Close()
	request := make([]byte, 16384)
	for {
		length, err := connection.Read(request)
		if err != nil {
			return
		}
		if !bytes.HasSuffix(request[:length], []byte("\r\n\r\n")) {
			continue
		}
		if _, err := connection.Write(answer); err != nil {
			return
		}
	}
}
