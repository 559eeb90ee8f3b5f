import type { Fault } from "../fault.ts"

/** What was deployed doesn't run, or runs the wrong code. */
export const running: readonly Fault[] = [
  {
    fault: "a manifest without `pull` whose entrypoint is relative to a folder below the root",
    seen: "nothing: the clone is followed by `set_working_directory` to that folder, and runs find their file",
    kept: "the entrypoint, as written",
    healed: "with the first turn; deployments that earlier versions made are held until confirmed",
    test: "render/injected-pull.test.ts: without pull the worker stands where the entrypoint was found",
  },
  {
    fault: "no `pull`, and the code is in the image that the job variables name or a docker step builds",
    seen: "`set_working_directory` to `/opt/prefect…`, or no steps, as `prefect deploy` has it; `pull: clone` clones all the same",
    kept: "the live steps while the image isn't verified",
    healed: "with the turn that takes the image",
    test: "render/injected-pull.test.ts: code in the image is found as Prefect finds it",
  },
  {
    fault: "a commit changes a module that a flow imports from another folder of the repository",
    seen: "the clone moves to that commit, as for whatever else the flow can reach; what it can't reach writes nothing",
    kept: "clones of the flows that can't reach what changed",
    healed: "with the turn that reads the commit",
    test: "render/reach.test.ts: a clone moves with ",
  },
]
