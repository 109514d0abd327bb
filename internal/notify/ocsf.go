package notify

import (
	"encoding/json"
	"strings"

	"github.com/lockflight/lockflight/internal/audit"
)

// ocsfVersion is the version of the schema that the fields are of.
const ocsfVersion = "1.3.0"

// The classes of OCSF that records are told as, all of the category Identity and
// Access Management.
const (
	ocsfCategory       = 3
	ocsfAuthentication = 3002
	ocsfEntity         = 3004
	ocsfUserAccess     = 3005
)

// ocsfActivities are activities of Entity Management by the last part of a
// record's type; 99 is Other.
var ocsfActivities = map[string]int{"create": 1, "register": 1, "read": 2, "update": 3, "delete": 4, "enable": 8, "disable": 9}

// ocsfClass returns the class and the activity of a record.
func ocsfClass(r audit.Record) (class, activity int) {
	last := r.Type[strings.LastIndexByte(r.Type, '.')+1:]
	switch {
	case strings.HasPrefix(r.Type, "auth.logout"):
		return ocsfAuthentication, 2
	case strings.HasPrefix(r.Type, "auth."):
		return ocsfAuthentication, 1
	case strings.HasPrefix(r.Type, "binding.add"), strings.HasPrefix(r.Type, "project.members"):
		return ocsfUserAccess, 1
	case strings.HasPrefix(r.Type, "binding.remove"):
		return ocsfUserAccess, 2
	}
	if activity, ok := ocsfActivities[last]; ok {
		return ocsfEntity, activity
	}
	return ocsfEntity, 99
}

type ocsfUser struct {
	UID  string `json:"uid,omitempty"`
	Type string `json:"type,omitempty"`
}

type ocsfNamed struct {
	UID  string `json:"uid,omitempty"`
	Name string `json:"name,omitempty"`
	Type string `json:"type,omitempty"`
}

// ocsf writes a record as an event of OCSF: entity management, authentication or
// user access. The record itself is in raw_data, so that nothing is lost.
func ocsf(r audit.Record, raw []byte, version string) ([]byte, error) {
	class, activity := ocsfClass(r)
	at, _ := audit.ParseTime(r.TS) // what is in the log was checked
	status := map[string]int{"success": 1, "denied": 2, "error": 2}[r.Outcome]
	level := 1 // informational
	if s := severity(r); s >= 9 {
		level = 4
	} else if s >= 6 {
		level = 3
	}
	type product struct {
		Name    string `json:"name"`
		Vendor  string `json:"vendor_name"`
		Version string `json:"version"`
	}
	type metadata struct {
		Version  string  `json:"version"`
		Product  product `json:"product"`
		UID      string  `json:"uid"`
		Sequence int64   `json:"sequence"`
		LogName  string  `json:"log_name,omitempty"`
	}
	type actor struct {
		User ocsfUser `json:"user"`
	}
	out := struct {
		Category int        `json:"category_uid"`
		Class    int        `json:"class_uid"`
		Activity int        `json:"activity_id"`
		Name     string     `json:"activity_name"`
		Type     int        `json:"type_uid"`
		Severity int        `json:"severity_id"`
		Status   int        `json:"status_id"`
		Code     string     `json:"status_code,omitempty"`
		Time     int64      `json:"time"`
		Metadata metadata   `json:"metadata"`
		Actor    actor      `json:"actor"`
		User     *ocsfUser  `json:"user,omitempty"`
		Entity   *ocsfNamed `json:"entity,omitempty"`
		Raw      string     `json:"raw_data"`
	}{
		ocsfCategory, class, activity, r.Type, class*100 + activity, level, status, r.Code, at.UnixMilli(),
		metadata{ocsfVersion, product{"Lockflight", "Lockflight", version}, r.ID, r.Seq, r.Log},
		actor{ocsfUser{r.Actor.ID, r.Actor.Kind}},
		nil, nil, string(raw),
	}
	if class == ocsfEntity {
		out.Entity = &ocsfNamed{r.Res.Key, r.Res.Key, r.Res.Type}
	} else {
		out.User = &ocsfUser{r.Actor.ID, r.Actor.Kind}
	}
	return json.Marshal(out)
}
