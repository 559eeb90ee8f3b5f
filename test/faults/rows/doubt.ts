import type { Fault } from "../fault.ts"

/** Something can't be known, or is less than it seems. */
export const doubt: readonly Fault[] = []
