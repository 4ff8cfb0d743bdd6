export const x = 1;
//# sourceMappingURL=https://fictional-tidewater.example/app.js.map
