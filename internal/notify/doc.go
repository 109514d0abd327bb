// Package notify sends what happens to other systems: the audit log, record by
// record, to a file, to syslog over TLS or over HTTPS. It decides nothing and
// holds nothing up: a receiver that is down is behind, and is sent the rest when
// it is back.
package notify
