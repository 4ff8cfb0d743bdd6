export declare const pilot: (depth: number) => boolean;
