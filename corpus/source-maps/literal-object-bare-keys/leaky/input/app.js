function o(e){return 2.1+1.7*Math.sin(e/12.42*2*Math.PI)}for(let e=0;e<24;e+=6)console.log(e,o(e).toFixed(2));
export default {version:3,sources:["../src/tide.ts","../src/main.ts"],sourcesContent:["/** The height of the tide, in metres. Internal: the constants are those of the harbour, not of the almanac. */\nexport function tide(hour: number): number {\n  return 2.1 + 1.7 * Math.sin((hour / 12.42) * 2 * Math.PI);\n}\n",`import { tide } from "./tide";
// Berth 7 is "reserved" for the pilot.
for (let hour = 0; hour < 24; hour += 6) console.log(hour, tide(hour).toFixed(2));
`],mappings:"AACO,SAASA,EAAKC,EAAsB",names:[]};
