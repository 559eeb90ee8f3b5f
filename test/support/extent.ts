/**
 * How much of an expensive family is tried: `gate` with the other tests, `long` where the file that was started is named
 * `*.long.ts`. Such a file needs no more than to import the one of the gate.
 */
export function extent(gate: number, long: number): number {
  return process.argv[1]?.endsWith(".long.ts") ? long : gate
}
