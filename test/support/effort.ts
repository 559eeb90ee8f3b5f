/**
 * Seconds of the processor that `work` takes, in all threads of this process. Unlike the time on a clock they hardly grow
 * when the machine is busy, so a wide bound on them tells work without bound from other work beside it.
 */
export function processorSeconds(work: () => void): number {
  const before = process.cpuUsage()
  work()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1_000_000
}
