export const tide = 'low';
