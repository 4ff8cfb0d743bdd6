fetch("https://api.acme.io/v1");
fetch("https://telemetry.acme.io/v1");
//# sourceMappingURL=cli.js.map
