import type { Test } from "tap"
import { named, project, type TestDaemon, type World } from "../support/daemon.ts"

export const codes = ({ hold }: { hold?: { reasons: readonly { code: string }[] } }) =>
  hold?.reasons.map(({ code }) => code)
export const ownerOf = (tags: readonly string[] | undefined) => tags?.find((tag) => tag.startsWith("gitops="))

/** Two sources of one daemon, the second of which may take from the first; `move` puts "moves" from one into the other. */
export async function openPair(world: World, name: string) {
  const [from, to] = [world.repository(`${name}-from`), world.repository(`${name}-to`)]
  from.commit(project(name, named("stays", "moves")))
  to.commit(project(name, named("own")))
  const prune = { grace: "0s" }
  const sources = [
    { name: "from", url: from.url, prune },
    { name: "to", url: to.url, prune, handOverFrom: ["from"] },
  ] as const
  const start = (next: readonly object[] = sources) =>
    world.daemon({ installation: name, sources: next as typeof sources })
  const daemon = await start()
  await daemon.sync("from")
  await daemon.sync("to")
  const live = () => world.deployments(name)
  const id = (await live())["moves"]?.id
  const move = () => {
    from.commit(project(name, named("stays")))
    to.commit(project(name, named("own", "moves")))
  }
  const moved = async (t: Test) => {
    const { moves } = await live()
    t.strictSame([moves?.id, moves?.paused, ownerOf(moves?.tags)], [id, false, `gitops=${name}/to`])
  }
  const notMoved = async (t: Test) => {
    const { moves } = await live()
    t.strictSame([moves?.id, moves?.paused, ownerOf(moves?.tags)], [id, false, `gitops=${name}/from`])
  }
  const turns = async (daemon: TestDaemon, ...names: readonly string[]) => {
    const ended = []
    for (const one of names) ended.push(await daemon.sync(one))
    return ended
  }
  return { name, from, to, sources, start, daemon, live, move, moved, notMoved, turns }
}
