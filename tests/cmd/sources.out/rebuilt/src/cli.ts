import { plan } from './plan';
// The plan for the next season.
plan('pilot');
