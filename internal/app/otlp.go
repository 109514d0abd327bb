package app

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	spb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc"
	_ "google.golang.org/grpc/encoding/gzip" // what exporters may compress with
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/evidence"
)

// otlpServer serves OTLP/gRPC: the three export services, whose messages are
// read as those over HTTP are.
type otlpServer struct {
	auth   *control.Service
	server *grpc.Server
}

// export is what evidence.Ingest does with one OTLP request.
type export func(ctx context.Context, p control.Principal, contentType, contentEncoding string, body io.Reader) (answer []byte, answerType string, err error)

func newOTLPServer(auth *control.Service, in *evidence.Ingest) *otlpServer {
	s := &otlpServer{auth: auth, server: grpc.NewServer(grpc.ForceServerCodecV2(wireCodec{}), grpc.MaxRecvMsgSize(evidence.MaxBody))}
	for service, take := range map[string]export{
		"logs.v1.LogsService": in.Logs, "metrics.v1.MetricsService": in.Metrics, "trace.v1.TraceService": in.Traces,
	} {
		s.server.RegisterService(&grpc.ServiceDesc{
			ServiceName: "opentelemetry.proto.collector." + service, HandlerType: (*any)(nil),
			Methods: []grpc.MethodDesc{{MethodName: "Export", Handler: s.handler(take)}},
		}, s)
	}
	return s
}

// handler authenticates by the metadata's authorization, as HTTP does by its
// header.
func (s *otlpServer) handler(take export) grpc.MethodHandler {
	return func(_ any, ctx context.Context, read func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
		var request []byte
		if err := read(&request); err != nil {
			return nil, err
		}
		p, err := s.caller(ctx)
		if err != nil {
			broken, _ := evidence.Failure(err, protobufType)
			return nil, statusOf(broken)
		}
		answer, _, err := take(ctx, p, protobufType, "", bytes.NewReader(request))
		if err != nil {
			return nil, statusOf(answer)
		}
		return &answer, nil
	}
}

const protobufType = "application/x-protobuf"

func (s *otlpServer) caller(ctx context.Context) (control.Principal, error) {
	secret := ""
	if values := metadata.ValueFromIncomingContext(ctx, "authorization"); len(values) > 0 {
		secret = strings.TrimPrefix(values[0], "Bearer ")
	}
	p, _, err := s.auth.Authenticate(ctx, secret)
	return p, err
}

// statusOf returns the error that a failure in protobuf says.
func statusOf(failure []byte) error {
	var st spb.Status
	if err := proto.Unmarshal(failure, &st); err != nil {
		return fmt.Errorf("encode a failure: %w", err)
	}
	return status.FromProto(&st).Err()
}

// run serves on l until ctx ends, and then answers those requests that are open.
func (s *otlpServer) run(ctx context.Context, l net.Listener) error {
	stopped := make(chan struct{})
	context.AfterFunc(ctx, func() {
		defer close(stopped)
		defer time.AfterFunc(shutdownGrace, s.server.Stop).Stop()
		s.server.GracefulStop()
	})
	if err := s.server.Serve(l); err != nil {
		return fmt.Errorf("serving OTLP: %w", err)
	}
	<-stopped
	return nil
}

// wireCodec leaves messages as the bytes that they are: evidence reads them.
type wireCodec struct{}

// Name implements encoding.CodecV2.
func (wireCodec) Name() string { return "proto" }

// Marshal implements encoding.CodecV2.
func (wireCodec) Marshal(v any) (mem.BufferSlice, error) {
	b, ok := v.(*[]byte)
	if !ok {
		return nil, fmt.Errorf("marshal %T as bytes", v)
	}
	return mem.BufferSlice{mem.SliceBuffer(*b)}, nil
}

// Unmarshal implements encoding.CodecV2.
func (wireCodec) Unmarshal(data mem.BufferSlice, v any) error {
	b, ok := v.(*[]byte)
	if !ok {
		return fmt.Errorf("unmarshal bytes into %T", v)
	}
	*b = data.Materialize()
	return nil
}
