package mcpserver

import (
	"cmp"
	"context"
	"net/url"
	"slices"
	"strings"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/httpapi"
)

// scheme begins the addresses of resources, which are those of tools' answers
// for whoever would rather read than call.
const scheme = "lockflight://"

// maxListed is how many resources are listed.
const maxListed = 50

// reader reads the resource that the parts of an address name.
type reader func(ctx context.Context, c *call, parts []string) (any, error)

func (s *Server) addResources() {
	for _, r := range []struct {
		template, name, title string
		read                  reader
	}{
		{"flags/{project}/{flag}", "flag", "A flag with its environments", func(ctx context.Context, c *call, parts []string) (any, error) {
			return s.flagState(ctx, c, flagStateInput{ProjectID: parts[0], FeatureName: parts[1]})
		}},
		{"verdicts/{id}", "verdict", "A verdict with its figures", func(ctx context.Context, c *call, parts []string) (any, error) {
			return s.explainVerdict(ctx, c, verdictInput{VerdictID: parts[0]})
		}},
	} {
		kind, _, _ := strings.Cut(r.template, "/")
		s.mcp.AddResourceTemplate(
			&mcp.ResourceTemplate{URITemplate: scheme + r.template, Name: r.name, Title: r.title, MIMEType: "application/json"},
			s.resource(kind+"/", strings.Count(r.template, "{"), r.read),
		)
	}
	s.mcp.AddReceivingMiddleware(s.listed)
}

// resource reads what an address of a kind, with so many parts, names. What is
// not readable is not there.
func (s *Server) resource(kind string, n int, read reader) mcp.ResourceHandler {
	return func(ctx context.Context, req *mcp.ReadResourceRequest) (*mcp.ReadResourceResult, error) {
		p, base, err := callerOf(req.Extra)
		if err != nil {
			return nil, err
		}
		parts := strings.Split(strings.TrimPrefix(req.Params.URI, scheme+kind), "/")
		for i := range parts {
			if parts[i], err = url.PathUnescape(parts[i]); err != nil {
				return nil, mcp.ResourceNotFoundError(req.Params.URI)
			}
		}
		if len(parts) != n {
			return nil, mcp.ResourceNotFoundError(req.Params.URI)
		}
		out, err := read(ctx, &call{Service: s.Service, principal: p, base: base}, parts)
		if err == nil {
			raw, err := structured(out)
			return &mcp.ReadResourceResult{Contents: []*mcp.ResourceContents{{URI: req.Params.URI, Text: string(raw)}}}, err
		}
		if kind := control.KindOf(err); kind == control.NotFound || kind == control.Denied {
			return nil, mcp.ResourceNotFoundError(req.Params.URI)
		}
		return nil, httpapi.Public(ctx, s.Logger, "mcp resources/read", err)
	}
}

// listed lists flags that the caller may read, by name, as many as fit on one
// page: what is there beyond is read by its address.
func (s *Server) listed(next mcp.MethodHandler) mcp.MethodHandler {
	return func(ctx context.Context, method string, req mcp.Request) (mcp.Result, error) {
		list, ok := req.(*mcp.ListResourcesRequest)
		if !ok {
			return next(ctx, method, req)
		}
		p, _, err := callerOf(list.Extra)
		if err != nil {
			return nil, err
		}
		flags, err := s.Service.Flags(ctx, p, "")
		if err != nil {
			return nil, err
		}
		slices.SortFunc(flags, func(a, b control.Flag) int { return cmp.Compare(a.Name, b.Name) })
		out := &mcp.ListResourcesResult{Resources: []*mcp.Resource{}, Cacheable: mcp.Cacheable{CacheScope: "private"}}
		for _, f := range flags[:min(len(flags), maxListed)] {
			out.Resources = append(out.Resources, &mcp.Resource{URI: flagURI(f.Project, f.Name), Name: f.Name, MIMEType: "application/json"})
		}
		return out, nil
	}
}

func flagURI(project, flag string) string {
	return scheme + "flags/" + url.PathEscape(project) + "/" + url.PathEscape(flag)
}
