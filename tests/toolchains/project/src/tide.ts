// This file has the line ends of another system.
/** Height of the water, in decimetres. */
export interface Tide {
  readonly hour: number;
  readonly height: number;
}

export enum Phase {
  Low = 1,
  High = 2,
}

export function tide(hour: number, factor: number): Tide {
  const phase: Phase = hour > 6 ? Phase.High : Phase.Low;
  const note = `two
lines`;
  return { hour, height: hour * factor * phase + note.length };
}
