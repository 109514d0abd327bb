package app

import (
	"testing"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/lockflight/lockflight/internal/control"
	"github.com/lockflight/lockflight/internal/evidence"
)

// A client over gRPC is told to come again, and when, as OTLP wants it.
func TestThrottlingOverGRPC(t *testing.T) {
	t.Parallel()
	failure, _ := evidence.Failure(control.Errorf(control.Limited, "evidence_busy", "come again"), protobufType)
	st := status.Convert(statusOf(failure))
	if st.Code() != codes.ResourceExhausted || len(st.Details()) != 1 {
		t.Fatalf("got %v, %v", st, st.Details())
	}
	retry, ok := st.Details()[0].(*errdetails.RetryInfo)
	if !ok || retry.GetRetryDelay().AsDuration() != control.RetryAfter {
		t.Errorf("got %v", st.Details()[0])
	}
}
