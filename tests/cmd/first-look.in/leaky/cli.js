(()=>{console.log("hello")})();
//# sourceMappingURL=cli.js.map
