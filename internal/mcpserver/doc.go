// Package mcpserver serves the operations of control.Service to coding agents
// as tools of the Model Context Protocol
// (https://modelcontextprotocol.io/specification/2026-07-28).
//
// It decides nothing. What an agent may do is the Service's to say, and no
// argument of a tool, answer to an elicitation or repetition of a call approves
// anything: there is no tool to approve, bypass, override, mint or read secrets.
// Texts in what it answers were written by people or other programs; they are
// stripped of what could hide in them, and stand apart from the rest.
//
// There is one implementation, over HTTP. Bridge carries it to stdin and stdout.
package mcpserver
