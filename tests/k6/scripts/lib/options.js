export const options = {
  vus: 3,
  iterations: 5,
  thresholds: {
    'http_req_duration{who:me}': [{ threshold: 'p(95)<5000', abortOnFail: true, delayAbortEval: '1s' }],
    'group_duration{group:::outer}': ['max<9000'],
    spent: ['avg<5000'],
  },
  summaryTrendStats: ['min', 'p(99.99)'],
};
