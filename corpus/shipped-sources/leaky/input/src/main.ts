import { tide } from "./tide";
for (let hour = 0; hour < 24; hour += 6) console.log(hour, tide(hour).toFixed(2));
