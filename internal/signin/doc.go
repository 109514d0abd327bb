// Package signin is how people get in: passwords, sessions in a cookie, and
// OpenID Connect. It proves who somebody is; what they may do is control's. It
// keeps no password and no secret, and logs none.
package signin
