/**
 * How long the event loop is kept busy in one go, as CPU time of this thread between two ticks of a timer: what else the
 * machine does counts for nothing, other than in the delay by the wall clock.
 */
export function watchRounds(): {
  readonly stop: () => { readonly p99Ms: number; readonly maxMs: number; readonly ticks: number }
} {
  const rounds: number[] = []
  let before = process.threadCpuUsage()
  const timer = setInterval(() => {
    const { user, system } = process.threadCpuUsage(before)
    before = process.threadCpuUsage()
    rounds.push((user + system) / 1000)
  }, 5)
  return {
    stop: () => {
      clearInterval(timer)
      const sorted = rounds.toSorted((a, b) => a - b)
      const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
      return { p99Ms: at(0.99), maxMs: at(1), ticks: rounds.length }
    },
  }
}
