ui           = false
api_addr     = "http://@HOST@:@PORT@"
cluster_addr = "http://@HOST@:@CLUSTER@"

listener "tcp" {
  address         = "@HOST@:@PORT@"
  cluster_address = "@HOST@:@CLUSTER@"
  tls_disable     = true
}

storage @STORAGE@

seal "static" {
  current_key_id = "local-1"
  current_key    = "file://@SEAL_KEY@"
}

audit "file" "main" {
  options {
    file_path = "@AUDIT_LOG@"
    mode      = "0600"
  }
}

# Runs once, at the first start. It leaves no root token: only the operator below can enter.
initialize "operator" {
  request "policy" {
    operation = "update"
    path      = "sys/policies/acl/operator"
    data      = { policy = @OPERATOR_POLICY@ }
  }

  request "approle" {
    operation = "update"
    path      = "sys/auth/approle"
    data      = { type = "approle" }
  }

  request "role" {
    operation = "update"
    path      = "auth/approle/role/operator"
    data = {
      token_policies          = ["operator"]
      token_no_default_policy = true
      token_ttl               = "1h"
    }
  }

  request "role-id" {
    operation = "update"
    path      = "auth/approle/role/operator/role-id"
    data      = { role_id = "operator" }
  }

  request "secret-id" {
    operation = "update"
    path      = "auth/approle/role/operator/custom-secret-id"
    data = {
      secret_id = {
        eval_type       = "string"
        eval_source     = "env"
        env_var         = "AMANAH_BAO_OPERATOR_SECRET"
        require_present = true
      }
    }
  }
}
