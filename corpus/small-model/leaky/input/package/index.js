export const tides = 'https://tides.tidewater.invalid/v1';
