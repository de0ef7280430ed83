// CommonJS all through.
const http = require('k6/http');
const { check } = require('k6');

module.exports.default = () => check(http.get('SUT/required'), { answered: (r) => r.status === 200 });
