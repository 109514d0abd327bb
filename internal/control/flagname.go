package control

import (
	"context"
	"fmt"
)

// ValidateFlagName says whether a flag may be created under a name: nil, or
// the Error that CreateFlag would return. An empty project means any.
func (s *Service) ValidateFlagName(ctx context.Context, p Principal, project, name string) error {
	if err := checkName("name", name); err != nil {
		return err
	}
	if err := p.May(PermRead, Scope{Project: project}); err != nil && project != "" {
		return err
	}
	return s.store.View(ctx, func(tx ReadTx) error {
		if project == "" {
			return freeName(tx, name)
		}
		return namable(tx, project, name)
	})
}

// namable says whether a flag of a project may be created under a name.
func namable(tx ReadTx, project, name string) error {
	pr, err := get[Project](tx, KindProject, project)
	if err != nil {
		return asMissing(err, "project", project)
	}
	if pr.ArchivedAt != nil {
		return Errorf(Conflict, "project_archived", "project %q is in the archive: revive it first", project)
	}
	if err := freeName(tx, name); err != nil {
		return err
	}
	return pr.Naming.check(name)
}

// freeName refuses the name of a flag that exists, in whatever project: names
// are unique in an installation, because clients ask by name alone.
func freeName(tx ReadTx, name string) error {
	f, err := get[Flag](tx, KindFlag, name)
	if err != nil {
		if KindOf(err) == NotFound {
			return nil
		}
		return err
	}
	msg := fmt.Sprintf("a flag %q exists already", name)
	if f.ArchivedAt != nil {
		msg += ", in the archive: revive it, or delete it there first"
	}
	return &Error{Kind: Exists, Code: "exists", Field: "name", Msg: msg}
}
