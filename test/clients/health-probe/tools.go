//go:build tools

// The program that the test of health checks builds, at the version of go.mod.
package tools

import _ "github.com/grpc-ecosystem/grpc-health-probe"
