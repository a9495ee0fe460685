def extra_get_user_roles(self, username, decoded_access_token):
    {{ patch("superset-sso-assignment-rules")|indent(4) }}
    return None
