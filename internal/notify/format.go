package notify

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/lockflight/lockflight/internal/audit"
	"github.com/lockflight/lockflight/internal/control"
)

// Format is how a record is written for others.
type Format string

// The formats.
const (
	JSONLines   Format = "jsonl"       // the record, with its hash
	CEF         Format = "cef"         // ArcSight Common Event Format, version 0
	OCSF        Format = "ocsf"        // Open Cybersecurity Schema Framework
	CloudEvents Format = "cloudevents" // CloudEvents 1.0, structured mode
)

// Formats are all that there are.
var Formats = []Format{JSONLines, CEF, OCSF, CloudEvents}

// render returns one event in the format, on one line without its end. What is
// no record any more, or not yet, is an error.
func (f Format) render(e control.Event, version string) ([]byte, error) {
	r, err := audit.Decode(e.Record)
	if err != nil {
		return nil, err
	}
	switch f {
	case CEF:
		return cef(r, version), nil
	case OCSF:
		return ocsf(r, e.Record, version)
	case CloudEvents:
		return cloudEvent(r, e.Record)
	case JSONLines:
	}
	type place struct {
		Seq      int64  `json:"seq"`
		LeafHash string `json:"leaf_hash"`
	}
	log, err := json.Marshal(place{e.Seq, tlog.RecordHash(e.Record).String()})
	return slices.Concat(bytes.TrimSuffix(e.Record, []byte("}")), []byte(`,"_log":`), log, []byte("}")), err
}

// severity of a record, from 0 to 10: refusals and what weakens control are
// above what happens all day.
func severity(r audit.Record) int {
	switch {
	case strings.HasPrefix(r.Type, "auth.breakglass"), strings.HasPrefix(r.Type, "audit.tampering"), r.Type == "audit.fork":
		return 9
	case r.Outcome == "denied", r.Type == "agent.kill", r.Type == "audit.erasure":
		return 6
	}
	return 3
}

var (
	cefHeader    = strings.NewReplacer(`\`, `\\`, "|", `\|`, "\r", " ", "\n", " ")
	cefExtension = strings.NewReplacer(`\`, `\\`, "=", `\=`, "\r", `\r`, "\n", `\n`)
)

// cef writes a record as CEF:0|vendor|product|version|class|name|severity|extension
// (ArcSight Common Event Format, revision 26).
func cef(r audit.Record, version string) []byte {
	var b bytes.Buffer
	b.WriteString("CEF:0")
	for _, part := range []string{"Lockflight", "Lockflight", version, r.Type, r.Type, strconv.Itoa(severity(r))} {
		b.WriteString("|" + cefHeader.Replace(part))
	}
	b.WriteString("|")
	at, _ := audit.ParseTime(r.TS) // what is in the log was checked
	pairs := [][2]string{
		{"rt", strconv.FormatInt(at.UnixMilli(), 10)},
		{"externalId", r.ID},
		{"act", r.Type},
		{"outcome", r.Outcome},
		{"reason", r.Code},
		{"suid", r.Actor.ID},
		{"cs1", r.Project},
		{"cs2", r.Env},
		{"cs3", r.CR.ID},
		{"cs4", r.Agent.ID},
		{"cs5", r.Res.Type + "/" + r.Res.Key},
		{"cs6", r.OBO.ID},
		{"cn1", strconv.FormatInt(r.Seq, 10)},
	}
	labels := map[string]string{
		"cs1": "project", "cs2": "environment", "cs3": "changeRequest", "cs4": "agent", "cs5": "resource", "cs6": "onBehalfOf", "cn1": "seq",
	}
	sep := ""
	for _, p := range pairs {
		if p[1] == "" || p[1] == "/" {
			continue
		}
		if label := labels[p[0]]; label != "" {
			b.WriteString(sep + p[0] + "Label=" + label)
			sep = " "
		}
		b.WriteString(sep + p[0] + "=" + cefExtension.Replace(p[1]))
		sep = " "
	}
	return b.Bytes()
}

// authTypes are the values of the authcontext extension of CloudEvents.
var authTypes = map[string]string{
	"human": "user", "service": "service_account", "sdk": "api_key", "edge": "service_account", "system": "system", "agent": "agent", "": "unauthenticated",
}

func cloudEvent(r audit.Record, raw []byte) ([]byte, error) {
	return json.Marshal(struct {
		SpecVersion string          `json:"specversion"`
		ID          string          `json:"id"`
		Source      string          `json:"source"`
		Type        string          `json:"type"`
		Subject     string          `json:"subject,omitempty"`
		Time        string          `json:"time"`
		ContentType string          `json:"datacontenttype"`
		AuthType    string          `json:"authtype"`
		AuthID      string          `json:"authid,omitempty"`
		TraceParent string          `json:"traceparent,omitempty"`
		Sequence    string          `json:"sequence"`
		Data        json.RawMessage `json:"data"`
	}{
		"1.0", r.ID, "/log/" + r.Log, "dev.lockflight." + r.Type + ".v1", strings.Trim(r.Res.Type+"/"+r.Res.Key, "/"), r.TS, "application/json",
		authTypes[r.Actor.Kind], r.Actor.ID, r.Req.Trace, fmt.Sprintf("%020d", r.Seq), raw,
	})
}
