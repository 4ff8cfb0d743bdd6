export const x = 1;
//# sourceMappingURL=https://sentry.fictional-tidewater.example/app.js.map
