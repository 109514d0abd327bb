package unleash

import (
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/httpapi"
)

// routeGroups adds what is done to groups.
func (a *API) routeGroups(mux *http.ServeMux) {
	const groups = adminPath + "/groups"
	a.addAdmin(mux, routes{
		"GET " + groups:              a.groups,
		"POST " + groups:             a.createGroup,
		"GET " + groups + "/{id}":    a.group,
		"PUT " + groups + "/{id}":    a.updateGroup,
		"DELETE " + groups + "/{id}": a.deleteGroup,
	})
}

// groupDoc is Unleash's groupSchema.
type groupDoc struct {
	ID          int         `json:"id"`
	Name        string      `json:"name"`
	Description *string     `json:"description"`
	MappingsSSO []string    `json:"mappingsSSO"`
	RootRole    *int        `json:"rootRole"`
	CreatedBy   *string     `json:"createdBy"`
	CreatedAt   time.Time   `json:"createdAt"`
	Users       []groupUser `json:"users"`
	Projects    []string    `json:"projects"`
	UserCount   int         `json:"userCount"`
}

type groupUser struct {
	JoinedAt  time.Time `json:"joinedAt"`
	CreatedBy *string   `json:"createdBy"`
	User      userDoc   `json:"user"`
}

// groupDocs are all groups, with the names of their people.
func (a *API) groupDocs(r *http.Request) ([]groupDoc, error) {
	all, err := a.service.Groups(r.Context(), caller(r))
	if err != nil {
		return nil, err
	}
	show, err := a.toGroup(r)
	return each(all, show), err
}

// toGroup returns what shows a group.
func (a *API) toGroup(r *http.Request) (func(control.Group) groupDoc, error) {
	people, err := a.service.People(r.Context(), caller(r))
	byID := make(map[string]control.Account, len(people))
	for _, p := range people {
		byID[p.ID] = p
	}
	projects, perr := a.service.Projects(r.Context(), caller(r))
	if err == nil {
		err = perr
	}
	return func(g control.Group) groupDoc {
		out := groupDoc{
			ID: g.ID, Name: g.Name, Description: orNull(g.Description), MappingsSSO: append([]string{}, g.Mappings...),
			CreatedBy: orNull(g.CreatedBy), CreatedAt: g.CreatedAt, Users: []groupUser{}, Projects: []string{},
		}
		if g.Role != 0 {
			out.RootRole = &g.Role
		}
		for _, m := range g.Members {
			if who, ok := byID[m.Account]; ok {
				out.Users = append(out.Users, groupUser{m.JoinedAt, orNull(m.AddedBy), toUser(who)})
			}
		}
		for _, pr := range projects {
			for _, m := range pr.Members {
				if m.Group == g.ID {
					out.Projects = append(out.Projects, pr.ID)
				}
			}
		}
		out.UserCount = len(out.Users)
		return out
	}, err
}

func (a *API) groups(w http.ResponseWriter, r *http.Request) error {
	all, err := a.groupDocs(r)
	if err != nil {
		return err
	}
	return httpapi.WriteJSON(w, http.StatusOK, struct {
		Groups []groupDoc `json:"groups"`
	}{all})
}

func (a *API) group(w http.ResponseWriter, r *http.Request) error {
	id, err := pathNumber(r, "id")
	if err != nil {
		return err
	}
	found, err := a.service.Group(r.Context(), caller(r), id)
	if err != nil {
		return err
	}
	return a.showGroup(w, r, http.StatusOK, found)
}

func (a *API) showGroup(w http.ResponseWriter, r *http.Request, status int, g control.Group) error {
	show, err := a.toGroup(r)
	if err != nil {
		return err
	}
	return httpapi.WriteJSON(w, status, show(g))
}

// readGroup reads Unleash's createGroupSchema.
func (a *API) readGroup(w http.ResponseWriter, r *http.Request) (control.Group, error) {
	var in struct {
		Name        string   `json:"name"`
		Description string   `json:"description"`
		MappingsSSO []string `json:"mappingsSSO"`
		RootRole    int      `json:"rootRole"`
		Users       []struct {
			User struct {
				ID int `json:"id"`
			} `json:"user"`
		} `json:"users"`
	}
	if err := httpapi.AdminBody.Decode(w, r, &in); err != nil {
		return control.Group{}, err
	}
	people, err := a.people(r)
	out := control.Group{Name: in.Name, Description: in.Description, Mappings: in.MappingsSSO, Role: in.RootRole}
	for i, u := range in.Users {
		who, ok := people[u.User.ID]
		if !ok {
			return out, control.Invalidf(fmt.Sprintf("users[%d].user.id", i), "there is no user %d", u.User.ID)
		}
		out.Members = append(out.Members, control.GroupMember{Account: who.ID})
	}
	return out, err
}

func (a *API) createGroup(w http.ResponseWriter, r *http.Request) error {
	in, err := a.readGroup(w, r)
	if err != nil {
		return err
	}
	made, err := a.service.CreateGroup(r.Context(), caller(r), in)
	if err != nil {
		return err
	}
	w.Header().Set("Location", adminPath+"/groups/"+strconv.Itoa(made.ID))
	return a.showGroup(w, r, http.StatusCreated, made)
}

func (a *API) updateGroup(w http.ResponseWriter, r *http.Request) error {
	in, err := a.readGroup(w, r)
	if err != nil {
		return err
	}
	if in.ID, err = pathNumber(r, "id"); err != nil {
		return err
	}
	out, err := a.service.UpdateGroup(r.Context(), caller(r), in)
	if err != nil {
		return err
	}
	return a.showGroup(w, r, http.StatusOK, out)
}

func (a *API) deleteGroup(_ http.ResponseWriter, r *http.Request) error {
	id, err := pathNumber(r, "id")
	if err != nil {
		return err
	}
	return a.service.DeleteGroup(r.Context(), caller(r), id)
}
