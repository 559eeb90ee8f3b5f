import { systemClock, type Clock } from "../../src/lib/clock.ts"

/** The system's clock, which tells what was waited out: a bound that had to be used shows there, however fast it was. */
export function openWaits(): { readonly clock: Clock; readonly over: readonly number[] } {
  const over: number[] = []
  const sleep: Clock["sleep"] = async (ms, signal) => {
    await systemClock.sleep(ms, signal)
    over.push(ms)
  }
  return { clock: { ...systemClock, sleep }, over }
}
