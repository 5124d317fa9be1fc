//go:build tools

// Package apiserver pins the Kubernetes API server that the tests compare Clearway with.
package apiserver

import (
	_ "k8s.io/kubernetes/cmd/kube-apiserver"
)
