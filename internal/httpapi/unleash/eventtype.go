package unleash

import (
	"reflect"
	"slices"

	"github.com/lockflight/lockflight/internal/control"
)

// eventTypes are Unleash's names of what records say, by the record's type.
// Where there are several, what was changed decides. What is not in the table,
// such as a HOLD or a write that was denied, has no name there and is in the
// audit log alone.
var eventTypes = map[string][]string{
	"project.create":             {"project-created"},
	"project.archive":            {"project-archived"},
	"project.restore":            {"project-revived"},
	"project.delete":             {"project-deleted"},
	"env.create":                 {"environment-created"},
	"env.update":                 {"environment-updated"},
	"env.delete":                 {"environment-deleted"},
	"segment.create":             {"segment-created"},
	"segment.update":             {"segment-updated"},
	"segment.delete":             {"segment-deleted"},
	"context.create":             {"context-field-created"},
	"context.update":             {"context-field-updated"},
	"context.delete":             {"context-field-deleted"},
	"tag_type.create":            {"tag-type-created"},
	"tag_type.update":            {"tag-type-updated"},
	"tag_type.delete":            {"tag-type-deleted"},
	"tag.create":                 {"tag-created"},
	"tag.delete":                 {"tag-deleted"},
	"strategy.create":            {"strategy-created"},
	"strategy.update":            {"strategy-updated"},
	"strategy.delete":            {"strategy-deleted"},
	"strategy.deprecate":         {"strategy-deprecated"},
	"strategy.reactivate":        {"strategy-reactivated"},
	"flag_type.update":           {"feature-type-updated"},
	"token.create":               {"api-token-created"},
	"token.update":               {"api-token-updated"},
	"token.revoke":               {"api-token-deleted"},
	"flag.create":                {"feature-created"},
	"flag.archive":               {"feature-archived"},
	"flag.restore":               {"feature-revived"},
	"flag.delete":                {"feature-deleted"},
	"flag.move":                  {"feature-project-change"},
	"flag.complete":              {"feature-completed"},
	"flag.uncomplete":            {"feature-uncompleted"},
	"flag.favorite":              {"feature-favorited"},
	"flag.unfavorite":            {"feature-unfavorited"},
	"project.favorite":           {"project-favorited"},
	"project.unfavorite":         {"project-unfavorited"},
	"application.update":         {"application-created"},
	"flag.dependency.set":        {"feature-dependency-added"},
	"flag.env.enable":            {"feature-environment-enabled"},
	"flag.env.disable":           {"feature-environment-disabled"},
	"rule.create":                {"feature-strategy-add"},
	"rule.update":                {"feature-strategy-update"},
	"rule.delete":                {"feature-strategy-remove"},
	"rule.reorder":               {"strategy-order-changed"},
	"variant.update":             {"feature-environment-variants-updated"},
	"release.milestone.enter":    {"release-plan-milestone-started"},
	"release.milestone.promote":  {"release-plan-milestone-started"},
	"release.milestone.rollback": {"safeguard-triggered"},
	"plan.create":                {"release-plan-template-created"},
	"plan.update":                {"release-plan-template-updated"},
	"plan.delete":                {"release-plan-template-deleted"},
	"plan.apply":                 {"release-plan-template-created", "release-plan-template-updated"},
	"release.schedule":           {"release-plan-added"},
	"release.abort":              {"release-plan-removed"},
	"release.target.rollback":    {"safeguard-triggered"},
	"release.pause":              {"release-plan-progressions-paused"},
	"release.resume":             {"release-plan-progressions-resumed"},
	"project.apply":              {"project-created", "project-updated"},
	"env.apply":                  {"environment-created", "environment-updated"},
	"context.apply":              {"context-field-created", "context-field-updated"},
	"tag_type.apply":             {"tag-type-created", "tag-type-updated"},
	"segment.apply":              {"segment-created", "segment-updated"},
	"flag.update":                {"feature-metadata-updated", "feature-stale-on", "feature-stale-off"},
	"flag.apply":                 {"feature-created", "feature-metadata-updated", "feature-stale-on", "feature-stale-off"},
	"flag.tag":                   {"feature-tagged", "feature-untagged"},
	"flag.link":                  {"feature-link-added", "feature-link-removed", "feature-link-updated"},
	"flag.dependency.remove":     {"feature-dependency-removed", "feature-dependencies-removed"},
	"context.import":             {"context-field-created"},
	"tag_type.import":            {"tag-type-import"},
	"flag.import":                {"feature-import"},
	"flag.env.import":            envEvents,
	"flag.env.apply":             envEvents,
	"flag.env.restore":           envEvents,
	"project.update":             {"project-updated", "project-environment-added", "project-environment-removed", "default-strategy-updated"},
}

// envEvents are those of a configuration that was replaced as a whole.
var envEvents = []string{
	"feature-environment-enabled", "feature-environment-disabled", "feature-strategy-add", "feature-strategy-remove",
	"feature-environment-variants-updated", "feature-strategy-update",
}

// eventNames returns the names that a record may have in Unleash, none where it
// has none there.
func eventNames(o control.Occurrence) []string {
	if o.Outcome != "success" {
		return nil
	}
	return eventTypes[o.Type]
}

// eventName returns Unleash's name of a record that has one.
func eventName(o control.Occurrence) (string, error) {
	names := eventNames(o)
	if len(names) == 1 {
		return names[0], nil
	}
	switch o.Res.Type {
	case string(control.KindSegment):
		if o.Res.Rev0 == 0 {
			return "segment-created", nil
		}
		return "segment-updated", nil
	case string(control.KindPlan):
		if o.Res.Rev0 == 0 {
			return "release-plan-template-created", nil
		}
		return "release-plan-template-updated", nil
	case string(control.KindFlagEnv):
		return nameChange(o, envEvent)
	case string(control.KindProject):
		return nameChange(o, projectEvent)
	}
	if o.Res.Rev0 == 0 {
		return "feature-created", nil
	}
	return nameChange(o, func(before, after control.Flag) string { return flagEvent(o.Type, before, after) })
}

// nameChange names what became of a document, which is like an empty one where
// it was not there.
func nameChange[T any](o control.Occurrence, name func(before, after T) string) (string, error) {
	before, after, err := control.Documents[T](o)
	if err != nil {
		return "", err
	}
	return name(orZero(before), orZero(after)), nil
}

func orZero[T any](v *T) T {
	if v == nil {
		v = new(T)
	}
	return *v
}

func flagEvent(typ string, before, after control.Flag) string {
	switch typ {
	case "flag.tag":
		if len(added(before.Tags, after.Tags)) > 0 {
			return "feature-tagged"
		}
		return "feature-untagged"
	case "flag.link":
		switch {
		case len(after.Links) > len(before.Links):
			return "feature-link-added"
		case len(after.Links) < len(before.Links):
			return "feature-link-removed"
		}
		return "feature-link-updated"
	case "flag.dependency.remove":
		if len(before.Dependencies)-len(after.Dependencies) > 1 {
			return "feature-dependencies-removed"
		}
		return "feature-dependency-removed"
	}
	switch {
	case after.Stale && !before.Stale:
		return "feature-stale-on"
	case before.Stale && !after.Stale:
		return "feature-stale-off"
	}
	return "feature-metadata-updated"
}

// envEvent names what changed most of a configuration that was replaced.
func envEvent(before, after control.FlagEnv) string {
	switch {
	case after.Enabled && !before.Enabled:
		return "feature-environment-enabled"
	case before.Enabled && !after.Enabled:
		return "feature-environment-disabled"
	case len(after.Strategies) > len(before.Strategies):
		return "feature-strategy-add"
	case len(after.Strategies) < len(before.Strategies):
		return "feature-strategy-remove"
	case !reflect.DeepEqual(before.Variants, after.Variants):
		return "feature-environment-variants-updated"
	}
	return "feature-strategy-update"
}

func projectEvent(before, after control.Project) string {
	switch {
	case len(added(before.Environments, after.Environments)) > 0:
		return "project-environment-added"
	case len(added(after.Environments, before.Environments)) > 0:
		return "project-environment-removed"
	case !reflect.DeepEqual(before.Strategies, after.Strategies):
		return "default-strategy-updated"
	}
	return "project-updated"
}

// added returns what is in after and not in before.
func added[T comparable](before, after []T) []T {
	return slices.DeleteFunc(slices.Clone(after), func(v T) bool { return slices.Contains(before, v) })
}
