const berth=(o)=>o+1;console.log(berth(2));
//# sourceMappingURL=app.js.map
