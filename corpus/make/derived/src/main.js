import { fee } from './plain.js';
console.log(fee(12));
