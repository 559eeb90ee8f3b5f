import type { Fault } from "../fault.ts"

/** Several owners, and upgrades. */
export const owners: readonly Fault[] = [
  {
    fault: "Two daemons of one installation, with different sources on one repository",
    seen: "`owned-by-other` on the later one: whose it is, where that reads from, and how to go on",
    kept: "every deployment, with its first owner",
    healed: "when one of the two gets an installation or a repository of its own",
    test: "owners/owners.test.ts: two daemons of one installation with different sources on one repository never fight",
  },
  {
    fault: "A source declares another's deployments in advance, and that one commits `deployments: []`",
    seen: "`held` on both sides (`empty`)",
    kept: "every deployment, with its owner",
    healed: "by the revert, or a confirmation on the source that loses them",
    test: "owners/hand-over.test.ts: one commit that empties a source gives nothing away, and its revert ends all holds",
  },
  {
    fault: "More leaves a source than its budget, to several others and by removal",
    seen: "`held` on both sides (`budget`)",
    kept: "all that leaves it",
    healed: "by a confirmation on the source that loses them",
    test: "owners/hand-over.test.ts: more than the former owner's budget leaves only with its person's word, whoever takes it",
  },
  {
    fault: "The former owner's repository can't be read while another source declares its deployment",
    seen: "`owned-by-other`, not all of it could be read",
    kept: "its owner",
    healed: "once it is read",
    test: "owners/hand-over.test.ts: a former owner that can't be read now loses nothing",
  },
  {
    fault: "A source is released by a person while its daemon runs",
    seen: "`held` (`superseded`) there",
    kept: "what others took meanwhile; it writes nothing",
    healed: "at the daemon's next start, or when the source is taken from its config",
    test: "owners/owners.test.ts: a daemon whose source is released under it stands back, and takes it up at its next start",
  },
  {
    fault: "Prefect is away while a source leaves the config",
    seen: "a warning in the log",
    kept: "what it owns: others take it only once it is released",
    healed: "tried again for half an hour; after that `lockstep release`",
    test: "owners/owners.test.ts: a release that can't be written is tried again",
  },
  {
    fault: "A suspended source is renamed",
    seen: "`suspended`, with the reason and the name from before",
    kept: "everything: hands stay off",
    healed: "by `lockstep resume` of the new name",
    test: "owners/owners.test.ts: a rename keeps hands off what was suspended",
  },
  {
    fault: "A new version of Lockstep renders what is live otherwise",
    seen: "`held` (`mass-update`), with both versions in the message",
    kept: "pull steps that would change by more than the commit, and more than `max(5, 20 %)` updates, after restarts too",
    healed: "by a confirmation, or `pull: clone`",
    test: "core/guard.test.ts: pull steps that another version makes otherwise are held, whatever their number",
  },
  {
    fault: "An upgrade with orphans in their grace, holds, pins, suspended and long removed sources",
    seen: "what CHANGELOG's “Upgrading” lists, and nothing else",
    kept: "every deployment; a hold keeps its digest",
    healed: "as “Upgrading” says",
    test: "upgrade/upgrade.test.ts: is taken over without a surprise",
  },
]
