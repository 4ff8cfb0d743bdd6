export declare function tide(hour: number): number;
