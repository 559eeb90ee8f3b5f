import type { Fault } from "../fault.ts"

/** One tenant's trouble, and hostile input. */
export const neighbours: readonly Fault[] = []
