package control

import "slices"

// Permission is one thing that a principal may do. The names are those of the
// audit log's authz.perm.
type Permission string

// The permissions. Switching off is one of its own: whoever may write a flag
// may always reduce its exposure.
const (
	PermRead           Permission = "flag.read"
	PermProjectCreate  Permission = "project.create"
	PermProjectUpdate  Permission = "project.update"
	PermProjectArchive Permission = "project.archive"
	PermProjectDelete  Permission = "project.delete"
	PermEnvCreate      Permission = "env.create"
	PermEnvUpdate      Permission = "env.update"
	PermEnvDelete      Permission = "env.delete"
	PermFlagCreate     Permission = "flag.create"
	PermFlagUpdate     Permission = "flag.update"
	PermFlagArchive    Permission = "flag.archive"
	PermFlagRestore    Permission = "flag.restore"
	PermFlagDelete     Permission = "flag.delete"
	PermSegmentWrite   Permission = "segment.write"
	PermContextWrite   Permission = "context.write"
	PermTagWrite       Permission = "tag_type.write"
	PermFlagTypeWrite  Permission = "flag_type.write"
	PermStrategyWrite  Permission = "strategy.write"
	PermToggleOn       Permission = "flag.env.toggle_on"
	PermToggleOff      Permission = "flag.env.toggle_off"
	PermRuleWrite      Permission = "rule.write"
	PermPlanWrite      Permission = "plan.write"
	PermReleaseStart   Permission = "release.start"
	PermReleasePromote Permission = "release.promote"
	PermReleaseApprove Permission = "release.approve"
	PermReleaseStop    Permission = "release.rollback"
	PermChangePropose  Permission = "cr.create"
	PermChangeApprove  Permission = "cr.approve"
	PermChangeApply    Permission = "cr.apply"
	PermChangeBypass   Permission = "cr.bypass"
	PermTokenCreate    Permission = "token.create"
	PermTokenRevoke    Permission = "token.revoke"
	PermTokenRead      Permission = "token.read"
	PermEvidenceWrite  Permission = "evidence.write"
	PermClientRead     Permission = "client.read"
	PermClientWrite    Permission = "client.write"
	PermAuditRead      Permission = "audit.read"
	PermAuditErase     Permission = "audit.erase"
	PermAuditHold      Permission = "audit.hold"
	PermUserRead       Permission = "user.read"
	PermUserWrite      Permission = "user.write"
	PermRoleWrite      Permission = "role.write"
	PermAccessRead     Permission = "access.read"
	PermAccessWrite    Permission = "access.write"
	PermSigninWrite    Permission = "sso.update"
	PermAgentWrite     Permission = "agent.update"
	PermAgentKill      Permission = "agent.kill"
	PermAgentUnkill    Permission = "agent.unkill"
	PermAppWrite       Permission = "application.write"
	PermAny            Permission = "*"
)

// The parts of a permission that has several: each may be granted alone, and
// is the type of the event that it leaves.
const (
	PermRuleCreate    Permission = "rule.create"
	PermRuleUpdate    Permission = "rule.update"
	PermRuleDelete    Permission = "rule.delete"
	PermRuleReorder   Permission = "rule.reorder"
	PermVariantUpdate Permission = "variant.update"
	PermSegmentCreate Permission = "segment.create"
	PermSegmentUpdate Permission = "segment.update"
	PermSegmentDelete Permission = "segment.delete"
	PermContextCreate Permission = "context.create"
	PermContextUpdate Permission = "context.update"
	PermContextDelete Permission = "context.delete"
	PermTagCreate     Permission = "tag_type.create"
	PermTagUpdate     Permission = "tag_type.update"
	PermTagDelete     Permission = "tag_type.delete"
)

// parts are the permissions that are a part of another.
var parts = map[Permission]Permission{
	PermRuleCreate: PermRuleWrite, PermRuleUpdate: PermRuleWrite, PermRuleDelete: PermRuleWrite,
	PermRuleReorder: PermRuleWrite, PermVariantUpdate: PermRuleWrite,
	PermSegmentCreate: PermSegmentWrite, PermSegmentUpdate: PermSegmentWrite, PermSegmentDelete: PermSegmentWrite,
	PermContextCreate: PermContextWrite, PermContextUpdate: PermContextWrite, PermContextDelete: PermContextWrite,
	PermTagCreate: PermTagWrite, PermTagUpdate: PermTagWrite, PermTagDelete: PermTagWrite,
}

// neverAgents are what no agent may do, whatever it was granted: it could
// widen its own rights by them, or those of others, or approve what it did.
var neverAgents = []Permission{
	PermAny, PermTokenCreate, PermTokenRevoke, PermUserWrite, PermRoleWrite, PermAccessWrite, PermSigninWrite,
	PermReleaseApprove, PermChangeApprove, PermChangeBypass, PermAgentWrite, PermAgentKill, PermAgentUnkill,
	PermAuditErase, PermAuditHold,
}

// Level says where a permission can be granted: in the whole installation, in
// a project, or in an environment of a project. What can be granted in a
// narrower place can be granted in a wider one.
type Level string

// The levels.
const (
	LevelRoot        Level = "root"
	LevelProject     Level = "project"
	LevelEnvironment Level = "environment"
)

// levels holds every permission that there is but PermAny, in the order in
// which people are shown them.
var levels = []struct {
	at   Level
	perm []Permission
}{
	{LevelRoot, []Permission{
		PermProjectCreate, PermEnvCreate, PermEnvUpdate, PermEnvDelete,
		PermContextWrite, PermContextCreate, PermContextUpdate, PermContextDelete,
		PermTagWrite, PermTagCreate, PermTagUpdate, PermTagDelete, PermFlagTypeWrite, PermStrategyWrite, PermPlanWrite,
		PermAppWrite, PermUserRead, PermUserWrite, PermAgentWrite, PermRoleWrite, PermSigninWrite, PermAuditRead, PermAuditErase, PermAuditHold,
	}},
	{LevelProject, []Permission{
		PermRead, PermProjectUpdate, PermProjectArchive, PermProjectDelete, PermAccessRead, PermAccessWrite,
		PermFlagCreate, PermFlagUpdate, PermFlagArchive, PermFlagRestore, PermFlagDelete,
		PermSegmentWrite, PermSegmentCreate, PermSegmentUpdate, PermSegmentDelete,
		PermTokenRead, PermTokenCreate, PermTokenRevoke, PermAgentKill, PermAgentUnkill,
	}},
	{LevelEnvironment, []Permission{
		PermToggleOn, PermToggleOff,
		PermRuleWrite, PermRuleCreate, PermRuleUpdate, PermRuleDelete, PermRuleReorder, PermVariantUpdate,
		PermReleaseStart, PermReleasePromote, PermReleaseApprove, PermReleaseStop,
		PermChangePropose, PermChangeApprove, PermChangeApply, PermChangeBypass,
		PermClientRead, PermClientWrite, PermEvidenceWrite,
	}},
}

// Permissions returns those that can be granted at a level and no wider, in the
// order in which people are shown them.
func Permissions(at Level) []Permission {
	for _, l := range levels {
		if l.at == at {
			return slices.Clone(l.perm)
		}
	}
	return nil
}

// levelOf returns where a permission can be granted, "" where there is none of
// that name.
func levelOf(perm Permission) Level {
	for _, l := range levels {
		if slices.Contains(l.perm, perm) {
			return l.at
		}
	}
	return ""
}
