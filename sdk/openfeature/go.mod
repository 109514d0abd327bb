module github.com/lockflight/lockflight/sdk/openfeature

go 1.26.0

require (
	github.com/google/go-cmp v0.7.0
	github.com/lockflight/lockflight v0.0.0
	github.com/open-feature/go-sdk v1.20.0
	go.uber.org/goleak v1.3.0
	pgregory.net/rapid v1.3.0
)

require go.uber.org/mock v0.6.0 // indirect

replace github.com/lockflight/lockflight => ../..
