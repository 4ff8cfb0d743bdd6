export const x = 1;
//# sourceMappingURL=https://storage.googleapis.com/fictional-tidewater/app.js.map
