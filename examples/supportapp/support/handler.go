package support

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
)

// maxRequest is the most bytes of a request.
const maxRequest = 1 << 20

// problem is the answer to a request that is wrong.
type problem struct {
	Error string `json:"error"`
}

// Handler serves the app over HTTP:
//
//	POST /answer   a Request; answers 200 with an Answer
//	POST /talk     {"user": ID}; holds the scripted conversation of that user,
//	               answers 200 with a Result
//	GET  /health   200
//
// A request that is wrong is answered by 400 and {"error": what}. The next
// answer to a conversation needs the whole of it: the app keeps nothing.
func (s *Service) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /answer", func(w http.ResponseWriter, r *http.Request) {
		var in Request
		respond(w, r, &in, func() (any, error) { return s.Answer(in) })
	})
	mux.HandleFunc("POST /talk", func(w http.ResponseWriter, r *http.Request) {
		var in struct {
			User string `json:"user"`
		}
		respond(w, r, &in, func() (any, error) {
			if in.User == "" {
				return nil, errors.New("user: must not be empty")
			}
			return s.Talk(NewScenario(s.New.Seed, in.User)), nil
		})
	})
	mux.HandleFunc("GET /health", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
	return mux
}

func respond(w http.ResponseWriter, r *http.Request, in any, answer func() (any, error)) {
	var out any
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxRequest)).Decode(in)
	if err == nil {
		out, err = answer()
	}
	w.Header().Set("Content-Type", "application/json")
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		out = problem{err.Error()}
	}
	// An answer that cannot be written has no reader any more.
	_ = json.NewEncoder(w).Encode(out)
}

// Lines answers requests that come as JSON, one a line, with an Answer each,
// or {"error": what} where a request is wrong, until in ends. What is not JSON
// ends it with an error.
func (s *Service) Lines(in io.Reader, out io.Writer) error {
	enc := json.NewEncoder(out)
	for dec := json.NewDecoder(in); ; {
		var r Request
		switch err := dec.Decode(&r); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		var line any
		line, err := s.Answer(r)
		if err != nil {
			line = problem{err.Error()}
		}
		if err := enc.Encode(line); err != nil {
			return err
		}
	}
}
