// Harbour rules of the pilot office: not for the public.
export interface Tide {
  at: string;
  height: number;
}

/** The next high water, by the office's own correction. */
export function highWater(tides: Tide[], draught: number): Tide | undefined {
  const correction = 0.3;
  return tides.find((tide) => tide.height - correction > draught);
}

console.log(highWater([{ at: "06:12", height: 4.1 }, { at: "18:40", height: 4.6 }], 4.2)?.at);
