package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os/exec"
	"runtime"
	"strings"
	"text/tabwriter"
	"time"
)

// changeCmd is the commands on change requests.
type changeCmd struct {
	List     changeListCmd     `cmd:"" help:"List change requests."`
	Show     changeShowCmd     `cmd:"" help:"Show one: what it changes, who asks, what it waits for."`
	Diff     changeDiffCmd     `cmd:"" help:"Print what one changes, place by place."`
	Propose  changeProposeCmd  `cmd:"" help:"Propose that files of flags and segments hold."`
	Approve  approveCmd        `cmd:"" help:"Open the browser at a request, and wait for a decision."`
	Apply    changeApplyCmd    `cmd:"" help:"Carry out an approved request."`
	Schedule changeScheduleCmd `cmd:"" help:"Have an approved request carried out at a moment."`
	Cancel   changeCancelCmd   `cmd:"" help:"Take its schedule from a request."`
	Rebase   changeRebaseCmd   `cmd:"" help:"Make a stale request one against the state of now."`
	Submit   changeSubmitCmd   `cmd:"" help:"Put a draft into review."`
	Comment  changeCommentCmd  `cmd:"" help:"Say something of a request."`
	Withdraw changeWithdrawCmd `cmd:"" help:"End a request that was not applied."`
}

// changeRequestDoc is what commands show of a request.
type changeRequestDoc struct {
	ID        string    `json:"id"`
	Revision  int       `json:"revision"`
	State     string    `json:"state"`
	Title     string    `json:"title"`
	Note      string    `json:"note"`
	Digest    string    `json:"digest"`
	ExpiresAt time.Time `json:"expiresAt"`
	Blast     struct {
		Effect     string `json:"effect"`
		Production bool   `json:"production"`
	} `json:"blast"`
	Authors []struct {
		Kind       string `json:"kind"`
		ID         string `json:"id"`
		OnBehalfOf string `json:"onBehalfOf"`
	} `json:"authors"`
	Ops []struct {
		Type        string          `json:"type"`
		Key         string          `json:"key"`
		Effect      string          `json:"effect"`
		Class       string          `json:"class"`
		Differences []differenceDoc `json:"differences"`
	} `json:"ops"`
	Approvals []struct {
		By string    `json:"by"`
		At time.Time `json:"at"`
	} `json:"approvals"`
	Missing []struct {
		Rule        string `json:"rule"`
		Approvals   int    `json:"approvals"`
		From        string `json:"from"`
		Environment string `json:"environment"`
	} `json:"missing"`
}

// changeOne is a command on one request.
type changeOne struct {
	remote
	format
	ID string `arg:"" help:"The request's id, cr-..."`
}

func (c *changeOne) path() string { return "/api/v1/changes/" + url.PathEscape(c.ID) }

// do sends something to the request, and prints what it is then.
func (c *changeOne) do(ctx context.Context, s streams, verb string, in any) error {
	var raw json.RawMessage
	if err := c.call(ctx, http.MethodPost, c.path()+"/"+verb, in, &raw); err != nil {
		return err
	}
	return c.print(s.out, raw)
}

func (c *changeOne) print(to io.Writer, raw json.RawMessage) error {
	if c.Output == "json" {
		return printJSON(to, raw)
	}
	var doc changeRequestDoc
	if err := json.Unmarshal(raw, &doc); err != nil {
		return fmt.Errorf("reading the change request: %w", err)
	}
	doc.print(to, c.URL)
	return nil
}

// get reads the request.
func (c *changeOne) get(ctx context.Context) (raw json.RawMessage, doc changeRequestDoc, err error) {
	if err := c.call(ctx, http.MethodGet, c.path(), nil, &raw); err != nil {
		return raw, doc, err
	}
	if err := json.Unmarshal(raw, &doc); err != nil {
		return raw, doc, fmt.Errorf("reading the change request: %w", err)
	}
	return raw, doc, nil
}

func (d *changeRequestDoc) print(w io.Writer, server string) {
	fmt.Fprintf(w, "%s  %s  revision %d  %s\n", d.ID, d.State, d.Revision, d.Title)
	if d.Note != "" {
		fmt.Fprintf(w, "    %s\n", d.Note)
	}
	for _, a := range d.Authors {
		fmt.Fprintf(w, "    by %s %s%s\n", a.Kind, a.ID, forWhom(a.OnBehalfOf))
	}
	d.printOps(w)
	for _, a := range d.Approvals {
		fmt.Fprintf(w, "    approved by %s at %s\n", a.By, a.At.Format(time.RFC3339))
	}
	for _, m := range d.Missing {
		fmt.Fprintf(w, "    needs %d more%s, by rule %s\n", m.Approvals, fromWhom(m.From), m.Rule)
	}
	fmt.Fprintf(w, "    digest  %s\n    page    %s\n", d.Digest, pageOf(server, d.ID))
}

func (d *changeRequestDoc) printOps(w io.Writer) {
	for _, o := range d.Ops {
		where := ""
		if o.Class != "" {
			where = " in " + o.Class
		}
		fmt.Fprintf(w, "  %s %s: %s exposure%s\n", o.Type, o.Key, o.Effect, where)
		for _, one := range o.Differences {
			one.print(w)
		}
	}
}

func forWhom(id string) string {
	if id == "" {
		return ""
	}
	return " on behalf of " + id
}

func fromWhom(from string) string {
	if from == "" {
		return ""
	}
	return " from " + from
}

// pageOf is where people decide on a request.
func pageOf(server, id string) string { return strings.TrimSuffix(server, "/") + "/approvals/" + id }

type changeListCmd struct {
	remote
	format
	All bool `help:"Those that are over, too."`
}

// Run prints the requests, the newest first.
func (c *changeListCmd) Run(ctx context.Context, s streams) error {
	query := url.Values{}
	if !c.All {
		query.Set("open", "true")
	}
	list, err := all[json.RawMessage](ctx, c.remote, "/api/v1/changes", query, "changes")
	if err != nil {
		return err
	}
	if c.Output == "json" {
		return printJSON(s.out, list)
	}
	w := tabwriter.NewWriter(s.out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "ID\tSTATE\tEXPOSURE\tPRODUCTION\tBY\tTITLE")
	for _, raw := range list {
		var d changeRequestDoc
		if err := json.Unmarshal(raw, &d); err != nil {
			return fmt.Errorf("reading the change requests: %w", err)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%v\t%s\t%s\n", d.ID, d.State, d.Blast.Effect, d.Blast.Production, d.Authors[0].ID, d.Title)
	}
	return w.Flush()
}

type changeShowCmd struct{ changeOne }

// Run prints one request.
func (c *changeShowCmd) Run(ctx context.Context, s streams) error {
	raw, _, err := c.get(ctx)
	if err != nil {
		return err
	}
	return c.print(s.out, raw)
}

type changeDiffCmd struct{ changeOne }

// Run prints what a request changes.
func (c *changeDiffCmd) Run(ctx context.Context, s streams) error {
	_, doc, err := c.get(ctx)
	if err != nil {
		return err
	}
	if c.Output == "json" {
		return printJSON(s.out, doc.Ops)
	}
	doc.printOps(s.out)
	return nil
}

type changeProposeCmd struct {
	configurationFiles
	Title string     `required:"" help:"What changes, on one line."`
	Body  string     `help:"Why."`
	Draft bool       `help:"Not yet in review."`
	Until *time.Time `help:"When the request expires; in 7 days where absent."`
}

// Run proposes the files, and prints the request.
func (c *changeProposeCmd) Run(ctx context.Context, s streams) error {
	files, err := readConfiguration(c.Files)
	if err != nil {
		return err
	}
	in := map[string]any{"title": c.Title, "body": c.Body, "draft": c.Draft, "configuration": files}
	if c.Until != nil {
		in["expiresAt"] = c.Until
	}
	one := changeOne{remote: c.remote, format: c.format}
	var raw json.RawMessage
	if err := c.call(ctx, http.MethodPost, "/api/v1/changes", in, &raw); err != nil {
		return files.locate(err)
	}
	return one.print(s.out, raw)
}

type changeApplyCmd struct{ changeOne }

// Run carries out the request.
func (c *changeApplyCmd) Run(ctx context.Context, s streams) error {
	return c.do(ctx, s, "apply", nil)
}

type changeRebaseCmd struct{ changeOne }

// Run makes the request one against the state of now.
func (c *changeRebaseCmd) Run(ctx context.Context, s streams) error {
	return c.do(ctx, s, "rebase", nil)
}

type changeScheduleCmd struct {
	changeOne
	At time.Time `required:"" help:"When: 2026-11-24T09:00:00Z."`
}

// Run schedules the request.
func (c *changeScheduleCmd) Run(ctx context.Context, s streams) error {
	return c.do(ctx, s, "schedule", map[string]any{"at": c.At})
}

// changeNoted is a command on one request with a note.
type changeNoted struct {
	changeOne
	Reason string `short:"r" help:"Why; kept with the request."`
}

type changeSubmitCmd struct{ changeNoted }

// Run puts the draft into review.
func (c *changeSubmitCmd) Run(ctx context.Context, s streams) error {
	return c.do(ctx, s, "submit", map[string]any{"reason": c.Reason})
}

type changeCancelCmd struct{ changeNoted }

// Run takes the schedule from the request.
func (c *changeCancelCmd) Run(ctx context.Context, s streams) error {
	return c.do(ctx, s, "cancel", map[string]any{"reason": c.Reason})
}

type changeWithdrawCmd struct{ changeNoted }

// Run ends the request.
func (c *changeWithdrawCmd) Run(ctx context.Context, s streams) error {
	return c.do(ctx, s, "withdraw", map[string]any{"reason": c.Reason})
}

type changeCommentCmd struct {
	changeOne
	Text string `arg:"" help:"What to say."`
}

// Run adds the comment.
func (c *changeCommentCmd) Run(ctx context.Context, s streams) error {
	return c.do(ctx, s, "comment", map[string]any{"reason": c.Text})
}

// approveCmd leads a person to where they decide: a token cannot.
type approveCmd struct {
	changeOne
	Browser bool          `default:"true" negatable:"" help:"Open the browser; otherwise only the address is printed."`
	Wait    time.Duration `default:"30m" help:"For how long to wait for the decision."`
}

// askEvery is how often approve looks whether somebody has decided.
const askEvery = time.Second

// Run opens the browser at the request, and waits until it is in review no
// longer. It ends with 1 where it was not approved.
func (c *approveCmd) Run(ctx context.Context, s streams) error {
	_, doc, err := c.get(ctx)
	if err != nil {
		return err
	}
	page := pageOf(c.URL, doc.ID)
	if doc.State == "in_review" {
		fmt.Fprintf(s.err, "decide at %s\n", page)
		if c.Browser {
			openBrowser(ctx, page)
		}
	}
	wait, cancel := context.WithTimeout(ctx, c.Wait)
	defer cancel()
	for doc.State == "in_review" {
		select {
		case <-wait.Done():
			return fmt.Errorf("nobody has decided on %s yet\nhint: %s is where people do", doc.ID, page)
		case <-time.After(askEvery):
		}
		if _, doc, err = c.get(ctx); err != nil {
			return err
		}
	}
	switch doc.State {
	case "approved", "scheduled", "applied", "post_review_due", "post_reviewed":
		fmt.Fprintf(s.out, "%s  %s\n", doc.ID, doc.State)
		return nil
	}
	return fmt.Errorf("%s is %s: it was not approved", doc.ID, doc.State)
}

// openBrowser shows a page, where there is a browser; its address was printed.
func openBrowser(ctx context.Context, page string) {
	command := "xdg-open"
	switch runtime.GOOS {
	case "darwin":
		command = "open"
	case "windows":
		command = "explorer"
	}
	_ = exec.CommandContext(context.WithoutCancel(ctx), command, page).Start() //nolint:gosec // the server's own address
}
