module github.com/lockflight/lockflight/test/bench

go 1.26.0

require github.com/lockflight/lockflight v0.0.0

require github.com/twmb/murmur3 v1.2.2

replace github.com/lockflight/lockflight => ../../
