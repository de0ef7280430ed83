// CommonJS, as bundlers still make it.
const { randomIntBetween } = require('https://jslib.k6.io/k6-utils/1.2.0/index.js');
const data = JSON.parse(open('./prices.json'));
module.exports = { between: (a, b) => randomIntBetween(a, b), tea: data.tea };
