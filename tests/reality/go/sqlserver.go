//go:build !old

package main

import (
	"database/sql"
	"fmt"
	"strings"
)

func openMssql(asked request) (*sql.DB, error) {
	words := []string{fmt.Sprintf("server=%s;port=%d;user id=%s", asked.Host, asked.Port, asked.User)}
	words = append(words, "password="+asked.Password)
	if asked.Database != "" {
		words = append(words, "database="+asked.Database)
	}
	for key, value := range asked.Options {
		words = append(words, key+"="+value)
	}
	return sql.Open("mssql", strings.Join(words, ";"))
}
