/** The height of the tide, in metres. "Internal": the constants are those of the harbour. */
function tide(hour) {
  return 2.1 + 1.7 * Math.sin((hour / 12.42) * 2 * Math.PI);
}

// Berth 7 is reserved for the pilot.
for (let hour = 0; hour < 24; hour += 6) console.log(hour, tide(hour).toFixed(2));

