export function tide(t){return 2.1+1.7*Math.sin(t/12.42*2*Math.PI)}
//# sourceMappingURL=terser.js.map