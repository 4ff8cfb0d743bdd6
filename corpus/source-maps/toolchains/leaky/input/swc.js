export function tide(hour){return 2.1+1.7*Math.sin(hour/12.42*2*Math.PI)}
//# sourceMappingURL=swc.js.map
