export const x = 1;
//# sourceMappingURL=https://files.fictional-tidewater.example/maps.tgz
