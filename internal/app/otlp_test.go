package app_test

import (
	"testing"

	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// The three services of OTLP answer a client of the collector's, and nobody
// without a token.
func TestOTLPOverGRPC(t *testing.T) {
	t.Parallel()
	o := options(t)
	o.OTLPListen = "127.0.0.1:0"
	a, _ := start(t, o)
	conn, err := grpc.NewClient(a.OTLPAddr(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	check(t, err)
	t.Cleanup(func() { check(t, conn.Close()) })
	stranger := t.Context()
	ctx := metadata.AppendToOutgoingContext(stranger, "authorization", backend)

	logs := plogotlp.NewExportRequest()
	record := logs.Logs().ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
	record.SetEventName("gen_ai.evaluation.result")
	answer, err := plogotlp.NewGRPCClient(conn).Export(ctx, logs)
	check(t, err)
	if got := answer.PartialSuccess(); got.RejectedLogRecords() != 1 || got.ErrorMessage() == "" {
		t.Errorf("an evaluation without a name: %d refused, %q", got.RejectedLogRecords(), got.ErrorMessage())
	}
	_, err = ptraceotlp.NewGRPCClient(conn).Export(ctx, ptraceotlp.NewExportRequest())
	check(t, err)
	_, err = pmetricotlp.NewGRPCClient(conn).Export(ctx, pmetricotlp.NewExportRequest())
	check(t, err)
	if _, err = plogotlp.NewGRPCClient(conn).Export(stranger, logs); status.Code(err) != codes.Unauthenticated {
		t.Errorf("without a token: %v", err)
	}
}
