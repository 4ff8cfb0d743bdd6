export const berths = 12;
