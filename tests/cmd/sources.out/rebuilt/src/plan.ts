export const plan = (name: string) => name;
