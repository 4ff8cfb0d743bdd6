export function tide(hour) {
  return 2.1 + 1.7 * Math.sin(hour / 12.42 * 2 * Math.PI);
}
import { tide } from "./tide";
for (let hour = 0; hour < 24; hour += 6) console.log(hour, tide(hour).toFixed(2));
//# sourceMappingURL=app.js.map
